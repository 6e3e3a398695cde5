// Writes the table of variables in docs/data-contract.md from the vocabulary.
import { readFileSync, writeFileSync } from 'node:fs';
import { contractTable, withContractTable } from '../dist/clinical/contract-table.js';

const FILE = 'docs/data-contract.md';
writeFileSync(FILE, withContractTable(readFileSync(FILE, 'utf8'), contractTable()));
