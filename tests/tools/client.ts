// A client as a frontend team would write it, on nothing but the types that openapi-typescript reads from the contract.
import type { components, operations } from "./api";

type Operation = keyof operations;
type Responses<O extends Operation> = operations[O]["responses"];
type Json<R> = R extends { content: { "application/json": infer Body } } ? Body : undefined;
type Answer<O extends Operation> =
  Responses<O> extends { default: infer R } ? Json<R> : Responses<O> extends { 200: infer R } ? Json<R> : undefined;
type Query<O extends Operation> = NonNullable<operations[O]["parameters"]["query"]>;
type Field = Query<"getProfile">["fields"][number];

export type Profile = components["schemas"]["Profile"];
export type ErrorCode = components["schemas"]["Error"]["code"];

export class ApiError extends Error {
  constructor(readonly body: components["schemas"]["Error"]) {
    super(body.message);
  }

  /** The session is over, and asking for a new one with the refresh token is worth a try. */
  get canRefresh(): boolean {
    const code: ErrorCode = this.body.code;
    return code === "SESSION_TOKEN_EXPIRED";
  }
}

export class Client {
  constructor(
    private readonly base: string,
    private readonly token: string,
  ) {}

  async getProfile<F extends Field>(fields: F[]): Promise<Pick<Profile, F>> {
    const answer: Answer<"getProfile"> = await this.call("GET", "/v1/user/profile", { fields });
    return answer as Pick<Profile, F>;
  }

  updateProfile(
    changes: operations["updateProfile"]["requestBody"]["content"]["application/json"],
  ): Promise<Answer<"updateProfile">> {
    return this.call("POST", "/v1/user/profile", {}, changes);
  }

  getPublicProfile(
    { username }: operations["getPublicProfile"]["parameters"]["path"],
    query: Query<"getPublicProfile">,
  ): Promise<Answer<"getPublicProfile">> {
    return this.call("GET", `/v1/user/by-id/${encodeURIComponent(username)}/public`, query);
  }

  listReferrals(): Promise<Answer<"listReferrals">> {
    return this.call("GET", "/v1/user/referrals");
  }

  listNotifications(query: Query<"listNotifications">): Promise<Answer<"listNotifications">> {
    return this.call("GET", "/v1/user/notifications", query);
  }

  markNotificationsRead(): Promise<Answer<"markNotificationsRead">> {
    return this.call("POST", "/v1/user/notifications/read");
  }

  private async call<T>(method: string, path: string, query: object = {}, body?: object): Promise<T> {
    const search = new URLSearchParams(
      Object.entries(query).flatMap(([key, value]) => [value].flat().map((item) => [key, String(item)])),
    );
    const response = await fetch(`${this.base}${path}?${search}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer: unknown = text ? JSON.parse(text) : undefined;
    if (!response.ok) throw new ApiError(answer as components["schemas"]["Error"]);
    return answer as T;
  }
}

// What each operation gives, as the caller sees it.
export async function tour(client: Client): Promise<string[]> {
  const { displayName, dateOfBirth } = await client.getProfile(["displayName", "dateOfBirth"]);
  const { handle } = await client.updateProfile({ handle: "ada", dateOfBirth: { year: 1985, month: 12, day: 10 } });
  const { biography } = await client.getPublicProfile({ username: "grace" }, { containerId: "main" });
  const { items: referrals } = await client.listReferrals();
  const { items, total } = await client.listNotifications({ containerId: "main", page: 1, limit: 100 });
  const nothing: undefined = await client.markNotificationsRead();
  const unread: number = items.filter((item) => !item.read).length;
  return [
    displayName ?? "nobody",
    `born ${dateOfBirth?.year ?? "?"}`,
    handle ?? "-",
    biography ?? "",
    ...referrals.map((referral) => `${referral.displayName ?? referral.username}, ${referral.joinedAt}`),
    `${unread} of ${total}`,
    String(nothing),
  ];
}
