// The part of an exported program that sets huge pages aside for the time of its run, and gives them back.
export const hugepagesSource = String.raw`/* ---- Huge pages: as many free ones as the scenario's machine has, for the time of the run. Only root can have them. ---- */

static long pool_before = -1, pool_free, pool_reserved;
static int pool_lock = -1;

static long pool_line(const char *name) { return (long)line_value(file_text("/proc/meminfo"), name); }

static void write_pool(long pages) {
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", pages);
  int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);
  if (fd >= 0 && write(fd, text, (size_t)length) != length) errno = 0; /* seen by how many there are then */
  if (fd >= 0) close(fd);
}

/* The lock keeps other programs that change the machine away. Waiting for it is no silence: blanks before the JSON are signs of life. */
static void set_up_pool(long wanted) {
  if (wanted > 0 && geteuid() == 0) {
    pool_lock = open("/tmp/machine.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    while (pool_lock >= 0 && flock(pool_lock, LOCK_EX | LOCK_NB) && (errno == EINTR || errno == EWOULDBLOCK)) {
      putchar(' ');
      fflush(stdout);
      usleep(100000);
    }
    /* What the programs before have had may not be back yet: counted as somebody's, it would be free all of a sudden. */
    for (int tries = 0; tries < 60 && pool_line("HugePages_Free") != pool_line("HugePages_Total"); tries++) usleep(5000);
    long total = pool_line("HugePages_Total");
    long available = pool_line("HugePages_Free") - pool_line("HugePages_Rsvd");
    pool_before = total;
    write_pool(total - available + wanted);
  }
  pool_free = pool_line("HugePages_Free");
  pool_reserved = pool_line("HugePages_Rsvd");
}

static long pool_size(void) { return pool_free - pool_reserved; }

static void undo_pool(void) {
  if (pool_before >= 0) write_pool(pool_before);
  if (pool_lock >= 0) close(pool_lock);
  pool_before = -1;
}

/* A huge page that somebody else looks at just now is free only when they let go of it: kdamond takes a reference to every page before
   it asks what kind of page it is, and who reads of a process in /proc has its memory for a moment. If they lose their CPU meanwhile,
   this takes longer than is waited for here: the judge does the run again then. */
static void settle_pool(void) {
  long last = -1;
  for (int tries = 0; tries < 100; tries++) {
    long now = pool_line("HugePages_Free") * 100000 + pool_line("HugePages_Rsvd");
    if (now == last) return;
    last = now;
    usleep(2000);
  }
}

/* Of the pool as the scenario sees it: what others have of it is left out. */
static long huge_pages_free(void) { return pool_line("HugePages_Free") - pool_reserved; }
static long huge_pages_reserved(void) { return pool_line("HugePages_Rsvd") - pool_reserved; }

`;
