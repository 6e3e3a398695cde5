import { DicomClient } from '../doors/dicom/client.js';
import { STATUS, statusText } from '../doors/dicom/command.js';
import { composedPicture, EXPLICIT_LITTLE } from '../doors/dicom/compose.js';
import { COMPUTED_RADIOGRAPHY } from '../doors/dicom/sop-classes.js';
import { WardstreamError } from '../errors.js';
import type { SourceMessage } from '../events/source-message.js';
import type { Target } from './simulate.js';

const CALLING_AE = 'WARDSIMULATOR';
const CALLED_AE = 'WARDSTREAM';

/** A door for pictures, as dicom://HOST:PORT or dicom://HOST:PORT/AE-TITLE. What is no picture is not sent. @throws WardstreamError `WS_BUS`. */
export async function dicomTarget(to: string): Promise<Target> {
  const { hostname, port, pathname } = new URL(to);
  const offers = [{ abstractSyntax: COMPUTED_RADIOGRAPHY, transferSyntax: EXPLICIT_LITTLE }];
  const calledAe = pathname.slice(1) || CALLED_AE;
  const options = { host: hostname, port: Number(port || 11_112), callingAe: CALLING_AE, calledAe, offers };
  const told = (error: unknown) => new WardstreamError('WS_BUS', `${to}: ${(error as Error).message}`);
  const client = await DicomClient.open(options).catch((error: unknown) => Promise.reject(told(error)));
  return {
    write: async (messages: readonly SourceMessage[]) => {
      for (const message of messages) {
        const picture = composedPicture(message);
        if (picture === null) continue;
        const status = await client.store(picture).catch((error: unknown) => Promise.reject(told(error)));
        if (status !== STATUS.success) throw told(new Error(`a picture is answered ${statusText(status)}`));
      }
    },
    close: () => client.close(),
  };
}
