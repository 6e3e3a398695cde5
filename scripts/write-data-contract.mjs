// Writes the tables of variables and drugs in docs/data-contract.md from the vocabulary.
import { readFileSync, writeFileSync } from 'node:fs';
import { withContractTables } from '../dist/clinical/contract-table.js';

const FILE = 'docs/data-contract.md';
writeFileSync(FILE, withContractTables(readFileSync(FILE, 'utf8')));
