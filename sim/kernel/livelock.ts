// When a task gets nowhere.

/** Faults on one access after which it is clear that it will go on like this: then it is ended, and reported. Linux goes on. */
export const LIVELOCK_FAULTS = 100;
