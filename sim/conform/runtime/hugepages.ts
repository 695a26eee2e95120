// The part of an exported program that sets huge pages aside for the time of its run, and gives them back.
export const hugepagesSource = String.raw`/* ---- Huge pages: as many free ones as the scenario's machine has, for the time of the run. Only root can have them. ---- */

static long pool_free, pool_reserved;
static int pool_hold = -1; /* as long as this is open the pages are there */
static pid_t pool_keeper;

static long pool_line(const char *name) { return (long)line_value(file_text("/proc/meminfo"), name); }

/* Huge pages that are set aside; pages that are in use beyond them do not count. */
static long pool_count(void) { return atol(file_text("/proc/sys/vm/nr_hugepages")); }

static void set_pool_count(long pages) {
  char text[32];
  int length = snprintf(text, sizeof text, "%ld\n", pages);
  int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY | O_CLOEXEC);
  if (fd >= 0 && write(fd, text, (size_t)length) != length) errno = 0; /* seen by how many there are then */
  if (fd >= 0) close(fd);
}

/* Sets pages aside and gives back as many, whatever becomes of the program: however that ends, its end of the line closes. The lock,
   which both have, is free when both have let go of it. Of what others have set aside meanwhile nothing is taken. */
__attribute__((noreturn)) static void keep_pool(int line, int lock, long wanted) {
  char word = 0;
  setsid();
  dup2(line, 0);
  dup2(lock, 1);
  syscall(SYS_close_range, 2U, ~0U, 0U);
  long before = pool_count();
  set_pool_count(before + wanted - (pool_line("HugePages_Free") - pool_line("HugePages_Rsvd")));
  long added = pool_count() - before;
  if (write(0, &word, 1) == 1)
    while (read(0, &word, 1) < 0 && errno == EINTR);
  set_pool_count(pool_count() - added);
  _exit(0);
}

/* A child that is waited for by name only, and that no signal to end reaches. */
static void start_keeper(int lock, long wanted) {
  int line[2];
  char word;
  sigset_t all, before;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line)) die("socketpair: %s", strerror(errno));
  fflush(stdout);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  pool_keeper = (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);
  if (pool_keeper == 0) keep_pool(line[1], lock, wanted);
  sigprocmask(SIG_SETMASK, &before, NULL);
  close(line[1]);
  pool_hold = line[0];
  while (pool_keeper > 0 && read(pool_hold, &word, 1) < 0 && errno == EINTR);
}

/* The lock keeps other programs that change the machine away. Waiting for it is no silence: blanks before the JSON are signs of life. */
static void set_up_pool(long wanted) {
  if (wanted > 0 && geteuid() == 0) {
    int lock = open("/tmp/machine.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    while (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) && (errno == EINTR || errno == EWOULDBLOCK)) {
      putchar(' ');
      fflush(stdout);
      usleep(100000);
    }
    /* What the programs before have had may not be back yet: counted as somebody's, it would be free all of a sudden. */
    for (int tries = 0; tries < 400 && pool_line("HugePages_Free") != pool_line("HugePages_Total"); tries++) usleep(5000);
    start_keeper(lock, wanted);
    if (lock >= 0) close(lock);
  }
  pool_free = pool_line("HugePages_Free");
  pool_reserved = pool_line("HugePages_Rsvd");
}

static long pool_size(void) { return pool_free - pool_reserved; }

static void undo_pool(void) {
  if (pool_hold < 0) return;
  close(pool_hold);
  pool_hold = -1;
  while (waitpid(pool_keeper, NULL, __WCLONE) < 0 && errno == EINTR);
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
