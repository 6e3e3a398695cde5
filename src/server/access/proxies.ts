import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * Says where a request comes from. A header could say anything, so it is believed only where the connection comes from a
 * proxy that the configuration trusts, and only as far as trusted proxies wrote it.
 */
export class Proxies {
  readonly #trusted = new BlockList();

  /** Addresses, or networks such as `10.0.0.0/8`; `server.trustedProxies` has been checked to hold nothing else. */
  constructor(trusted: readonly string[]) {
    for (const each of trusted) {
      const [address, bits] = each.split('/');
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#trusted.addAddress(address, family);
      else this.#trusted.addSubnet(address, Number(bits), family);
    }
  }

  /** The address of whoever sent it: the nearest one that is not a trusted proxy. */
  addressOf(message: IncomingMessage): string {
    let address = plain(message.socket.remoteAddress ?? '');
    const hops = String(message.headers['x-forwarded-for'] ?? '').split(',');
    while (this.#isTrusted(address)) {
      const before = plain((hops.pop() ?? '').trim());
      if (isIP(before) === 0) return address;
      address = before;
    }
    return address;
  }

  /** Whether the browser's connection is encrypted, here or at a trusted proxy. */
  isSecure(message: IncomingMessage): boolean {
    if ('encrypted' in message.socket && message.socket.encrypted === true) return true;
    return this.#forwarded(message, 'x-forwarded-proto') === 'https';
  }

  /** The host that the browser asked for. */
  hostOf(message: IncomingMessage): string {
    return (this.#forwarded(message, 'x-forwarded-host') ?? message.headers.host ?? '').toLowerCase();
  }

  #forwarded(message: IncomingMessage, name: string): string | undefined {
    if (!this.#isTrusted(plain(message.socket.remoteAddress ?? ''))) return undefined;
    const value = message.headers[name];
    const first = (typeof value === 'string' ? value.split(',')[0] : undefined)?.trim();
    return first === '' ? undefined : first;
  }

  #isTrusted(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#trusted.check(address, version === 6 ? 'ipv6' : 'ipv4');
  }
}

/** What one sender can have many addresses of is counted as one: of IPv6 the first 64 bits. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head, tail = ''] = address.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === '' ? 0 : tail.split(':').length;
  const all = address.includes('::')
    ? [...groups, ...Array<string>(8 - groups.length - rest).fill('0'), ...tail.split(':')]
    : groups;
  return `${all
    .slice(0, 4)
    .map((each) => Number.parseInt(each || '0', 16).toString(16))
    .join(':')}::/64`;
}

/** An address alone: without port and brackets, as some proxies write them, and an IPv4 address that came by IPv6 as what it is. */
function plain(address: string): string {
  const bare =
    /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? /^\[(.+)\](?::\d+)?$/.exec(address)?.[1] ?? address;
  return bare.replace(/^::ffff:(?=\d+\.)/i, '');
}
