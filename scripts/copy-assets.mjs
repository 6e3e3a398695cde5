// tsc copies no SQL: puts the migrations beside the compiled code.
import { cpSync } from 'node:fs';

cpSync('src/store/migrations', 'dist/store/migrations', { recursive: true });
