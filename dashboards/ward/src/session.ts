const PATH = '/api/v1/session';
const TIMEOUT_MS = 8000;

/**
 * Exchanges the token of the address (`#token=…`) for a cookie that no script can read, and goes to its patient (`&patient=…`, of a
 * replay of one stay); takes both out of the address. False: there is no valid session. Without an answer the page goes on and says itself that it has none.
 */
export async function openSession(): Promise<boolean> {
  const said = new URLSearchParams(location.hash.slice(1));
  const [token, patientId] = [said.get('token'), said.get('patient')];
  if (token !== null || patientId !== null) {
    const place: unknown = patientId === null ? history.state : { view: 'patient', patientId };
    history.replaceState(place, '', location.pathname + location.search);
  }
  try {
    const response = await fetch(PATH, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(token === null ? {} : { method: 'POST', headers: { authorization: `Bearer ${token}` } }),
    });
    return response.status !== 401;
  } catch {
    return true;
  }
}
