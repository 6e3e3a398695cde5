// tsc copies no SQL: puts the migrations beside the compiled code, and takes away those that are no more.
import { cpSync, rmSync } from 'node:fs';

rmSync('dist/store/migrations', { recursive: true, force: true });
cpSync('src/store/migrations', 'dist/store/migrations', { recursive: true });
