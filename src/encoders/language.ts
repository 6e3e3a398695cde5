let loading: Promise<typeof import('eld/small')> | null = null;

/** Characters looked at. */
const SAMPLE = 2000;
/** Shorter texts, and clinicians' shorthand, cannot be told with certainty. */
const LEAST_CHARS = 40;
/** By how much another language must fit better than English: shorthand resembles many. */
const MARGIN = 0.1;

/**
 * The language a text is in, as an ISO 639-1 code, if it is clearly not English; null where it is, or may be.
 * @param declared BCP 47 tag of the message; believed where it names another language than English.
 */
export async function otherLanguage(text: string, declared: string): Promise<string | null> {
  const [primary] = declared.toLowerCase().split('-');
  if (primary !== '' && primary !== 'en' && primary !== 'und') return primary;
  if (text.length < LEAST_CHARS) return null;
  // Its table of n-grams takes 40 MB: loaded with the first note.
  loading ??= import('eld/small');
  const { eld } = await loading;
  const result = eld.detect(text.slice(0, SAMPLE));
  if (result.language === 'en' || result.language === '' || !result.isReliable()) return null;
  const scores = result.getScores();
  return (scores[result.language] ?? 0) - (scores.en ?? 0) >= MARGIN ? result.language : null;
}
