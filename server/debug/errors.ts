/** Why a request is refused; the numbers are the `id` of DAP's error message and stay what they are. */
export const errorIds = {
  unknownCommand: 1,
  badArguments: 2,
  notNow: 3,
  refused: 4,
  internal: 5,
  cancelled: 6,
} as const;

/**
 * A request that cannot be answered: the dispatcher makes an error response of it.
 * `toast` shows it in a notification of the editor; `quiet` leaves it to whoever asked (hovers and watches must not pop up).
 */
export class RequestError extends Error {
  readonly kind: keyof typeof errorIds;
  readonly shown: "toast" | "quiet";

  constructor(kind: keyof typeof errorIds, message: string, shown: "toast" | "quiet" = "quiet") {
    super(message);
    this.kind = kind;
    this.shown = shown;
  }
}
