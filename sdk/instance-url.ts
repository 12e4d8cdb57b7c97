// URLs of instances are compared in one form, as the database does: dpg_private.normalised_url. A generated test compares both.

const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/s;

/** A to Z alone: what other letters become depends on locale and version. */
const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/**
 * The form in which URLs of instances are compared: scheme and host in lower case, the default port (http 80, https 443)
 * and one slash at the end of the path off. User, other ports, the rest of the path, query and fragment stay as they are,
 * and so does what has no scheme with `://`. Two spellings of one instance have the same form; what is stored is as given.
 */
export function normalisedUrl(url: string): string {
  const [, writtenScheme, authority, path, rest] = PARTS.exec(url) ?? [];
  if (writtenScheme === undefined || authority === undefined || path === undefined) return url;
  const scheme = lower(writtenScheme);
  const userinfo = authority.slice(0, authority.lastIndexOf('@') + 1);
  let host = lower(authority.slice(userinfo.length));
  const port = { http: ':80', https: ':443' }[scheme];
  // one in brackets has colons of its own
  if (port && host.endsWith(port) && /^([^:]*|\[[^\]]*\]):[0-9]+$/.test(host))
    host = host.slice(0, -port.length);
  return `${scheme}://${userinfo}${host}${path.endsWith('/') ? path.slice(0, -1) : path}${rest ?? ''}`;
}

/** Whether two URLs are spellings of one instance's. */
export function isSameInstance(one: string, other: string): boolean {
  return one === other || normalisedUrl(one) === normalisedUrl(other);
}
