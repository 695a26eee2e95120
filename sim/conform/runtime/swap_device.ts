// What swap is on: decides what Linux reads ahead, and whether a page that was written is gone at once.

export const swapDeviceSource = String.raw`/* Of the disk with this device number: whether it rotates, 0 or 1; -1 where that is not known. */
static int rotates(dev_t device) {
  char path[128];
  for (int parent = 0; parent < 2; parent++) {
    snprintf(path, sizeof path, "/sys/dev/block/%u:%u/%squeue/rotational", major(device), minor(device), parent ? "../" : "");
    FILE *file = fopen(path, "r");
    if (!file) continue;
    int answer = fgetc(file);
    fclose(file);
    return answer == '1';
  }
  return -1;
}

static const char *swap_device(void) {
  const char *kind = "none";
  char line[1024];
  FILE *swaps = fopen("/proc/swaps", "r");
  if (!swaps) return kind;
  while (fgets(line, sizeof line, swaps)) {
    if (line[0] != '/') continue;
    line[strcspn(line, " \t")] = 0;
    struct stat of;
    const char *one = "several";
    if (!strncmp(line, "/dev/zram", 9) || !strncmp(line, "/dev/ram", 8)) one = "zram";
    else if (!stat(line, &of)) {
      int answer = rotates(S_ISBLK(of.st_mode) ? of.st_rdev : of.st_dev);
      if (answer >= 0) one = answer ? "disk" : "ssd";
    }
    if (strcmp(kind, "none") && strcmp(kind, one)) one = "several";
    kind = one;
  }
  fclose(swaps);
  return kind;
}
`;
