import { WITHDRAWN } from './rows.js';
import type { Conditions } from './select.js';

/**
 * The values that `conditions` (at least one) choose, laboratory results each as its newest message tells it, at the time (`at`, ms)
 * of the first. A result is told by its specimen, else by its time of observation; of one whose newest message takes it back, or is not
 * used, there is nothing. The table keeps every value as it was told; here are those that are used.
 */
export function correctedValues(conditions: Conditions): string {
  const where = conditions.as('WHERE');
  return `SELECT variable, toUnixTimestamp64Milli(event_time) AS at, value
    FROM observations FINAL ${where} AND result = 0 AND verdict = 'used'
    UNION ALL
    SELECT variable, at, value FROM (
      SELECT variable, value, verdict, (event_time, message_hash) AS told, max(told) OVER of_one AS newest,
             toUnixTimestamp64Milli(minIf(event_time, verdict IN ('used', '${WITHDRAWN}')) OVER of_one) AS at
      FROM observations FINAL ${where} AND result != 0
      WINDOW of_one AS (PARTITION BY variable, result))
    WHERE told = newest AND verdict = 'used'`;
}
