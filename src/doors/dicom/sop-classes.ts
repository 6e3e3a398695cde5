/** C-ECHO (PS3.4, annex A). */
export const VERIFICATION = '1.2.840.10008.1.1';

/**
 * Classes of pictures that can be a plain radiograph (PS3.4, B.5): computed and digital radiography, for presentation and for processing,
 * and captures, which gateways and scanners of films send. No other is taken: its sender is told before it sends a byte of it.
 */
export const COMPUTED_RADIOGRAPHY = '1.2.840.10008.5.1.4.1.1.1';
export const STORED_CLASSES: ReadonlySet<string> = new Set([
  COMPUTED_RADIOGRAPHY,
  '1.2.840.10008.5.1.4.1.1.1.1',
  '1.2.840.10008.5.1.4.1.1.1.1.1',
  '1.2.840.10008.5.1.4.1.1.7',
  '1.2.840.10008.5.1.4.1.1.7.2',
  '1.2.840.10008.5.1.4.1.1.7.3',
]);
