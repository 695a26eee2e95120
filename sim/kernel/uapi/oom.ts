// include/uapi/linux/oom.h: what /proc/PID/oom_score_adj takes.
export const OOM_SCORE_ADJ_MIN = -1000;
export const OOM_SCORE_ADJ_MAX = 1000;
