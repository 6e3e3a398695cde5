-- The tables of the first schema make room for those of 004, which copies their rows. Run again, this does nothing.

RENAME TABLE IF EXISTS observations TO observations_v1;
RENAME TABLE IF EXISTS scores TO scores_v1;
RENAME TABLE IF EXISTS alert_events TO alert_events_v1;
RENAME TABLE IF EXISTS dead_letters TO dead_letters_v1;
