// The part of an exported program that reads which pages of a mapping are there, from pagemap, in runs of like ones.
export const observePagesSource = String.raw`/* Frames bear the number of their first appearance in an observation: real frame numbers mean nothing elsewhere. */
static uint64_t *frame_keys;
static uint32_t *frame_numbers, frame_count, frame_room;

static void forget_frames(void) {
  if (frame_room) memset(frame_keys, 0, frame_room * sizeof *frame_keys);
  frame_count = 0;
}

static uint32_t frame_number(uint64_t pfn) {
  if (frame_count * 2 >= frame_room) {
    uint64_t *keys = frame_keys;
    uint32_t *numbers = frame_numbers, room = frame_room;
    frame_room = room ? room * 2 : 4096;
    frame_keys = calloc(frame_room, sizeof *frame_keys);
    frame_numbers = calloc(frame_room, sizeof *frame_numbers);
    if (!frame_keys || !frame_numbers) die("no memory");
    for (uint32_t i = 0; i < room; i++) {
      if (!keys[i]) continue;
      uint32_t at = (uint32_t)(keys[i] * 2654435761u) & (frame_room - 1);
      while (frame_keys[at]) at = (at + 1) & (frame_room - 1);
      frame_keys[at] = keys[i];
      frame_numbers[at] = numbers[i];
    }
    free(keys);
    free(numbers);
  }
  uint32_t at = (uint32_t)(pfn * 2654435761u) & (frame_room - 1);
  while (frame_keys[at] && frame_keys[at] != pfn) at = (at + 1) & (frame_room - 1);
  if (!frame_keys[at]) {
    frame_keys[at] = pfn;
    frame_numbers[at] = frame_count++;
  }
  return frame_numbers[at];
}

/* A run of pages: [first page, pages, flags, frame of the first, frames from one page to the next]. */
struct run {
  uint64_t page, count, flags;
  int64_t frame, stride;
};

struct pages {
  struct text *text;
  struct run run;
  int fd, any;
};

static void end_run(struct pages *pages) {
  struct run *run = &pages->run;
  if (run->count)
    add(pages->text, "%s[%lu,%lu,%lu,%ld,%ld]", pages->any++ ? "," : "", run->page, run->count, run->flags, run->frame,
        run->stride);
  run->count = 0;
}

static void add_page(void *with, uint64_t page, uint64_t entry) {
  struct pages *pages = with;
  struct run *run = &pages->run;
  uint64_t flags = (entry >> 56) & 0xe7, pfn = entry & ((1UL << 55) - 1);
  int present = (entry >> 63) & 1;
  if (!flags) return;
  if (present && !pfn) frames_visible = 0;
  int64_t frame = present && pfn ? (int64_t)frame_number(pfn) : -1;
  int follows = run->count && page == run->page + run->count && flags == run->flags;
  int64_t stride = follows ? frame - (run->frame + run->stride * ((int64_t)run->count - 1)) : 0;
  if (follows && (run->count == 1 ? stride == 0 || stride == 1 : stride == run->stride)) {
    run->stride = stride;
    run->count++;
    return;
  }
  end_run(pages);
  *run = (struct run){page, 1, flags, frame, 0};
  observation_budget--;
}

typedef void page_user(void *with, uint64_t page, uint64_t entry);

static void read_pages(int fd, uint64_t start, uint64_t end, page_user *use, void *with) {
  static uint64_t entries[4096];
  for (uint64_t page = start / 4096; page < end / 4096;) {
    uint64_t count = end / 4096 - page < 4096 ? end / 4096 - page : 4096;
    ssize_t bytes = pread(fd, entries, count * 8, (off_t)(page * 8));
    if (bytes <= 0) return;
    for (ssize_t i = 0; i < bytes / 8; i++) use(with, page + (uint64_t)i, entries[i]);
    page += (uint64_t)bytes / 8;
    observation_budget -= bytes / 512;
  }
}

/* Of a page's 512 words; 0 where all are 0. The simulated memory is summed up alike. */
static uint32_t sum_of(const uint64_t *words) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < 512; i++) {
    if (!words[i]) continue;
    uint32_t mixed = (uint32_t)words[i] ^ (i + 1) * 0x9e3779b1u;
    mixed = ((mixed ^ mixed >> 16) * 0x85ebca6bu) ^ (uint32_t)(words[i] >> 32);
    mixed = (mixed ^ mixed >> 13) * 0xc2b2ae35u;
    sum += mixed ^ mixed >> 16;
  }
  return sum;
}

/* What is in the pages of a process, in runs of like ones: [first page, pages, sum]; -1 where it cannot be read. */
struct contents {
  int pagemap, memory, any;
  uint64_t first, count;
  int64_t sum;
};

static void end_contents(struct contents *contents) {
  if (contents->count && contents->sum)
    printf("%s[%lu,%lu,%ld]", contents->any++ ? "," : "", contents->first, contents->count, contents->sum);
  contents->count = 0;
}

static void page_contents(void *with, uint64_t page, uint64_t entry) {
  struct contents *contents = with;
  static uint64_t words[512];
  if (!(entry >> 62)) return; /* neither present nor swapped */
  int64_t sum = pread(contents->memory, words, 4096, (off_t)(page * 4096)) == 4096 ? (int64_t)sum_of(words) : -1;
  if (contents->count && contents->sum == sum && contents->first + contents->count == page) {
    contents->count++;
    return;
  }
  end_contents(contents);
  contents->first = page, contents->count = 1, contents->sum = sum;
}

struct scan_region {
  uint64_t start, end, categories;
};
struct scan {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

/* Only what is there is read, however large the mapping: PAGEMAP_SCAN, Linux 6.7. Without it small mappings whole. */
static void mapping_pages(const struct mapping *mapping, int fd, page_user *use, void *with) {
  static struct scan_region regions[1024];
  uint64_t at = mapping->start;
  if (mapping->end - at <= 16UL << 20) {
    read_pages(fd, at, mapping->end, use, with);
    return;
  }
  while (can_scan && at < mapping->end) {
    struct scan scan = {.size = sizeof scan, .start = at, .end = mapping->end, .vec = (uint64_t)regions,
                        .vec_len = 1024, .category_anyof_mask = 0x118, .return_mask = 0x118};
    long found = ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'f', 16, 96), &scan);
    if (found < 0) {
      can_scan = 0;
      break;
    }
    for (long i = 0; i < found; i++) read_pages(fd, regions[i].start, regions[i].end, use, with);
    at = scan.walk_end;
    if (found == 0) return;
  }
  if (!can_scan && mapping->end - at <= 1UL << 30) read_pages(fd, at, mapping->end, use, with);
}

static void mapping_contents(struct mapping *mapping, void *with) {
  struct contents *contents = with;
  mapping_pages(mapping, contents->pagemap, page_contents, contents);
}

/* Reading brings back what is swapped: the last thing that is done. */
static void print_contents(void) {
  int any = 0;
  printf("{");
  for (int i = 0; i < member_count; i++) {
    if (members[i].process != i || !members[i].alive) continue;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)members[i].pid);
    struct contents contents = {.pagemap = proc_file(i, PAGEMAP), .memory = open(path, O_RDONLY | O_CLOEXEC)};
    printf("%s\n \"%s\":[", any++ ? "," : "", members[i].name);
    each_mapping(proc_text(i, SMAPS), mapping_contents, &contents);
    end_contents(&contents);
    printf("]");
    if (contents.memory >= 0) close(contents.memory);
  }
  printf("}");
}
`;
