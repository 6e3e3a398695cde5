-- The hour's aggregates, which nothing reads: charts are thinned from the observations themselves, by the points they show.
DROP VIEW IF EXISTS observations_to_hourly;

DROP TABLE IF EXISTS observations_hourly;
