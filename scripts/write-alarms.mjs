// Writes the tables of docs/alarms.md from the criteria of a patient's state and the rules that ship.
import { readFileSync, writeFileSync } from 'node:fs';
import { withAlarmTables } from '../dist/settings/alarm-tables.js';

const FILE = 'docs/alarms.md';
writeFileSync(FILE, withAlarmTables(readFileSync(FILE, 'utf8')));
