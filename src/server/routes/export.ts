import { z } from 'zod';
import { exportQuerySchema } from '../../contract/schemas.js';
import { EXPORT_TABLES, type ExportFormat } from '../../store/export.js';
import { type Endpoint, endpoint } from '../endpoint.js';

const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  arrow: 'application/vnd.apache.arrow.stream',
  parquet: 'application/vnd.apache.parquet',
};

export function exportEndpoints(): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/export/:table',
      tag: 'Export',
      summary: 'Rows of a window as a file, streamed: CSV, Arrow (IPC stream) or Parquet',
      permission: 'export',
      audit: 'export',
      params: z.object({ table: z.enum(EXPORT_TABLES) }),
      query: exportQuerySchema,
      response: { mediaType: 'text/csv', description: 'As the format asked for' },
      handle: async ({ ward, params: { table }, query, reply, note }) => {
        const name = `${table}.${query.format}`;
        note({ target: name });
        const { rows, patients } = await ward.export({ table, ...query });
        note({ patients });
        reply.header('content-disposition', `attachment; filename="${name}"`);
        return reply.type(MEDIA_TYPES[query.format]).send(rows);
      },
    }),
  ];
}
