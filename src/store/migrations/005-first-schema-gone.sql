DROP TABLE IF EXISTS observations_v1;
DROP TABLE IF EXISTS scores_v1;
DROP TABLE IF EXISTS alert_events_v1;
DROP TABLE IF EXISTS dead_letters_v1;
