/** Something about the tables themselves that is in the way; no row can be set aside for it. */
export interface Obstacle {
  message: string;
  hint: string;
  /** May the caller go on and leave it behind in the old tables? */
  may_stay: boolean;
}
