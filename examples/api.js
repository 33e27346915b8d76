/** Talks to the API, with patience that ends, and a session that is renewed once for all calls that meet its end. */

/** What went wrong with a call: `kind` is `refused`, `slow`, `cancelled`, `broken` or `signed-out`. */
export class Trouble extends Error {
  constructor(kind, text, body = {}) {
    super(text);
    this.kind = kind;
    this.details = body.details ?? [];
  }
}

export class Api {
  /** `told` is called with true when an answer takes long, and with false when it is over. */
  constructor({ url, token, refresh }, told, { long = 400, patience = 8000 } = {}) {
    Object.assign(this, { url: url.replace(/\/$/, ''), token, refresh, told, long, patience });
  }

  profile() {
    return this.call('GET', '/v1/user/profile?fields=username&fields=displayName&fields=handle&fields=biography');
  }

  update(changes) {
    return this.call('POST', '/v1/user/profile', changes);
  }

  notifications(page, limit = 5, containerId = 'main') {
    return this.call('GET', `/v1/user/notifications?${new URLSearchParams({ containerId, page, limit })}`);
  }

  markRead() {
    return this.call('POST', '/v1/user/notifications/read');
  }

  cancel() {
    this.controller?.abort('cancelled');
  }

  /** Return the parsed body, or null where there is none; throw `Trouble`. */
  async call(method, path, body) {
    const { token } = this;
    const answer = await this.send(method, path, body);
    const read = await this.body(answer);
    if (answer.ok) return read;
    if (answer.status !== 401) throw new Trouble('refused', read?.message ?? `The server answered ${answer.status}.`, read ?? {});
    if (read?.code !== 'SESSION_TOKEN_EXPIRED' || !(await this.renew(token))) {
      throw new Trouble('signed-out', read?.message ?? 'The session is over.');
    }
    const again = await this.send(method, path, body);
    const now = await this.body(again);
    if (!again.ok) throw new Trouble(again.status === 401 ? 'signed-out' : 'refused', now?.message ?? `The server answered ${again.status}.`, now ?? {});
    return now;
  }

  /** Return whether there is a newer token than the one that has expired, and ask for it if nobody has done so. */
  async renew(expired) {
    if (this.token !== expired) return true;
    this.renewing ??= this.askForToken().finally(() => { this.renewing = undefined; });
    return this.renewing;
  }

  async askForToken() {
    if (!this.refresh) return false;
    const answer = await this.send('POST', '/v1/user/auth/refresh-session', { refreshToken: this.refresh });
    const read = await this.body(answer);
    if (!answer.ok) return false;
    this.token = read.sessionToken;
    return true;
  }

  async send(method, path, body) {
    const controller = this.controller = new AbortController();
    const slow = setTimeout(() => this.told(true), this.long);
    const over = setTimeout(() => controller.abort('slow'), this.patience);
    const headers = { Authorization: `Bearer ${this.token}`, ...(body && { 'Content-Type': 'application/json' }) };
    try {
      const answer = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body), signal: controller.signal });
      const bytes = await answer.arrayBuffer(); // a connection may also break in the middle of a body
      return { ok: answer.ok, status: answer.status, bytes };
    } catch {
      throw this.why(controller.signal);
    } finally {
      clearTimeout(slow);
      clearTimeout(over);
      this.told(false);
    }
  }

  why(signal) {
    if (signal.reason === 'cancelled') return new Trouble('cancelled', 'Cancelled.');
    if (signal.reason === 'slow') return new Trouble('slow', 'The server takes too long.');
    return new Trouble('broken', navigator.onLine ? 'The server cannot be reached.' : 'You are offline.');
  }

  async body({ bytes }) {
    if (!bytes.byteLength) return null;
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new Trouble('broken', 'The server answered something that is no JSON.');
    }
  }
}
