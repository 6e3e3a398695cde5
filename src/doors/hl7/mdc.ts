/**
 * What monitors measure, by the codes of ISO/IEEE 11073-10101 (MDC), and the units of that standard. Numbers as its context-sensitive
 * form has them, partition × 65 536 + term. Not here, since senders differ in what they mean: 150017 to 150019 (a pressure of no named
 * site: a cuff with older monitors, a line with newer ones) and skin temperatures.
 */
import { variableIndex } from '../../clinical/variables.js';

/**
 * Variable, and the codes that may stand for it. Of several that one message gives, the one that stands first counts.
 */
const ROWS: readonly (readonly [variable: string, codes: string])[] = [
  [
    'heartRate',
    '147842=MDC_ECG_HEART_RATE 147842=MDC_ECG_CARD_BEAT_RATE 149530=MDC_PULS_OXIM_PULS_RATE 149546=MDC_PULS_RATE_NON_INV 149514=MDC_PULS_RATE',
  ],
  ['sbpInvasive', '150033=MDC_PRESS_BLD_ART_SYS 150037=MDC_PRESS_BLD_ART_ABP_SYS'],
  ['dbpInvasive', '150034=MDC_PRESS_BLD_ART_DIA 150038=MDC_PRESS_BLD_ART_ABP_DIA'],
  ['mapInvasive', '150035=MDC_PRESS_BLD_ART_MEAN 150039=MDC_PRESS_BLD_ART_ABP_MEAN'],
  ['sbpCuff', '150021=MDC_PRESS_BLD_NONINV_SYS 150301=MDC_PRESS_CUFF_SYS'],
  ['dbpCuff', '150022=MDC_PRESS_BLD_NONINV_DIA 150302=MDC_PRESS_CUFF_DIA'],
  ['mapCuff', '150023=MDC_PRESS_BLD_NONINV_MEAN 150303=MDC_PRESS_CUFF_MEAN'],
  [
    'respRate',
    '151562=MDC_RESP_RATE 151578=MDC_TTHOR_RESP_RATE 151594=MDC_CO2_RESP_RATE 151570=MDC_AWAY_RESP_RATE 151586=MDC_VENT_RESP_RATE',
  ],
  ['spo2', '150456=MDC_PULS_OXIM_SAT_O2'],
  [
    'temperature',
    '150368=MDC_TEMP_CORE 188436=MDC_TEMP_BLD 150372=MDC_TEMP_ESOPH 150348=MDC_TEMP_FOLEY 150380=MDC_TEMP_NASOPH 188420=MDC_TEMP_RECT 150392=MDC_TEMP_TYMP 150364=MDC_TEMP_BODY 150344=MDC_TEMP 188424=MDC_TEMP_ORAL 188428=MDC_TEMP_EAR',
  ],
  ['cvp', '150087=MDC_PRESS_BLD_VEN_CENT_MEAN 150084=MDC_PRESS_BLD_VEN_CENT'],
  ['fio2', '152196=MDC_CONC_AWAY_O2_INSP 153144=MDC_CONC_GASDLV_O2_INSP 151920=MDC_VENT_CONC_AWAY_O2_INSP'],
  ['weight', '188736=MDC_MASS_BODY_ACTUAL'],
];

/** What a code stands for. */
export interface MdcCode {
  readonly variable: number;
  /** Place among the codes of its variable: the least one is believed first. */
  readonly rank: number;
}

/** By number and by reference id. */
const CODES = new Map<string, MdcCode>(
  ROWS.flatMap(([id, codes]) =>
    codes.split(' ').flatMap((each, rank) => {
      const code = { variable: variableIndex(id), rank };
      return each.split('=').map((name) => [name, code] as const);
    }),
  ),
);

/** What a number or a reference id such as MDC_ECG_HEART_RATE stands for; undefined where it is none of these. */
export function mdcCode(name: string): MdcCode | undefined {
  return CODES.get(name);
}

/** UCUM codes of the units of the standard, by number and by reference id. */
const UNITS = new Map<string, string>(
  [
    '266016 MDC_DIM_MMHG mm[Hg]',
    '265987 MDC_DIM_KILO_PASCAL kPa',
    '266048 MDC_DIM_CM_H2O cm[H2O]',
    '268192 MDC_DIM_DEGC Cel',
    '266560 MDC_DIM_FAHR [degF]',
    '264864 MDC_DIM_BEAT_PER_MIN /min',
    '264928 MDC_DIM_RESP_PER_MIN /min',
    '262688 MDC_DIM_PERCENT %',
    '265216 MDC_DIM_L_PER_MIN L/min',
    '263762 MDC_DIM_MILLI_L mL',
    '263875 MDC_DIM_KILO_G kg',
    '263872 MDC_DIM_G g',
    '263441 MDC_DIM_CENTI_M cm',
  ].flatMap((row) => {
    const [number, name, ucum] = row.split(' ');
    return [
      [number, ucum],
      [name, ucum],
    ] as const;
  }),
);

/** The UCUM unit of a number or reference id; undefined where it is none of these. */
export function mdcUnit(name: string): string | undefined {
  return UNITS.get(name);
}
