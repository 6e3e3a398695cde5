import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { type Broker, freePort, javaBroker } from './broker.js';

const AUDIENCE = 'kafka';
const ISSUER = 'https://login.test';
const MODULES = 'org.apache.kafka.common.security';

/** Who may log in on the broker. */
export const USER = { username: 'ward', password: 'only-in-this-test' };

/** A broker that takes only TLS, and only from who says who they are. */
export interface SecureBroker extends Broker {
  /** PEM of the authority that vouches for the broker. */
  readonly ca: string;
  /** A token that the broker takes. */
  token(): Promise<string>;
}

/** A broker with a SASL_SSL listener (PLAIN, SCRAM, OAUTHBEARER with signed tokens); its keys are made anew each time. */
export async function startSecureBroker(): Promise<SecureBroker> {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-secure-'));
  const { ca, keystore } = certificate(directory);
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwks = join(directory, 'jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', use: 'sig' }] }));
  const keys = pathToFileURL(jwks).href;
  const address = `127.0.0.1:${await freePort()}`;
  const { username, password } = USER;
  const login = (module: string, options = '') => `${MODULES}.${module} required${options};`;
  const bearer = 'listener.name.secure.oauthbearer.sasl';
  const broker = await javaBroker({
    listener: `SECURE://${address}`,
    settings: {
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': keystore,
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.secure.plain.sasl.jaas.config': login(
        'plain.PlainLoginModule',
        ` user_${username}="${password}"`,
      ),
      'listener.name.secure.scram-sha-256.sasl.jaas.config': login('scram.ScramLoginModule'),
      'listener.name.secure.scram-sha-512.sasl.jaas.config': login('scram.ScramLoginModule'),
      [`${bearer}.jaas.config`]: login('oauthbearer.OAuthBearerLoginModule'),
      [`${bearer}.server.callback.handler.class`]: `${MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
      // The default looks at no signature.
      'sasl.oauthbearer.jwt.validator.class': `${MODULES}.oauthbearer.BrokerJwtValidator`,
      [`${bearer}.oauthbearer.jwks.endpoint.url`]: keys,
      [`${bearer}.oauthbearer.expected.audience`]: AUDIENCE,
      // Brokers from 4.4 on do not start without it.
      'sasl.oauthbearer.expected.issuer': ISSUER,
    },
    java: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keys}`],
    format: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  });
  const token = () =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setSubject(username)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);
  const stop = async () => {
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return { ...broker, brokers: [address], ca, token, stop };
}

/** A key and a certificate for loopback that vouches for itself, together in one file as Kafka reads them. */
function certificate(directory: string): { readonly ca: string; readonly keystore: string } {
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', cert];
  const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...made, ...subject, ...files], { stdio: 'pipe' });
  const keystore = join(directory, 'keystore.pem');
  writeFileSync(keystore, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
  return { ca: readFileSync(cert, 'utf8'), keystore };
}
