import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { modelsSchema } from '../../contract/schemas.js';
import { loadModel } from '../../inference/model.js';
import { isOfModel } from '../../inference/served-model.js';
import { listModels } from '../../inference/versions.js';
import { type Endpoint, endpoint } from '../endpoint.js';

/** The models beside the one that serves; read once, since folders of models do not change. */
export function modelEndpoints(serving: string, directory: string | undefined): Endpoint[] {
  let models: object[] | null = null;
  const describe = (version: string) => {
    const { config, directory: folder, encoder } = loadModel(version, directory);
    const card = join(folder, 'card.md');
    return {
      version,
      isServing: isOfModel(serving, version),
      stepMs: config.stepMs,
      steps: config.steps,
      features: encoder.size,
      sha256: config.sha256,
      card: existsSync(card) ? readFileSync(card, 'utf8') : null,
    };
  };
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/models',
      tag: 'Models',
      summary: 'The models there are, which one serves, and their cards',
      permission: 'read',
      response: modelsSchema,
      handle: async () => {
        models ??= listModels(directory).flatMap((version) => {
          try {
            return [describe(version)];
          } catch {
            return [];
          }
        });
        return { models };
      },
    }),
  ];
}
