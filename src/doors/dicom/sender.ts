import { z } from 'zod';
import { checked } from '../../settings/checked.js';
import { readSettings } from '../../settings/config.js';
import { timeZoneSchema } from '../time-zone.js';

/** One file of a sender: which of its identifiers is the patient's, and what is odd about its pictures. */
const senderSchema = z.strictObject({
  /** Of times without zone: IANA, or an offset. Left out, that of the picture (0008,0201); without either no time is read. */
  timeZone: timeZoneSchema.optional(),
  /** Which identifier is the patient's. */
  patient: z
    .strictObject({
      field: z.enum(['PatientID', 'OtherPatientIDs', 'AdmissionID']).default('PatientID'),
      /** Of those, the first that this authority gave (0010,0021). */
      authority: z.string().min(1).optional(),
    })
    .prefault({}),
  /** Modalities that are accepted and not looked at. */
  ignore: z.array(z.string().min(1)).default([]),
});
export type DicomSender = z.infer<typeof senderSchema>;

/** Reads a sender's file, YAML or JSON. @throws WardstreamError `WS_CONFIG` naming each thing that is wrong. */
export function loadDicomSender(file: string | undefined): DicomSender {
  if (file === undefined) return senderSchema.parse({});
  return checked(senderSchema, readSettings(file, 'sender') ?? {}, file);
}
