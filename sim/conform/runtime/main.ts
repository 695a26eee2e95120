// The beginning and the end of an exported program.
export const headSource = `#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if !defined(__x86_64__) || !defined(__linux__)
#error "this program is for Linux on x86-64"
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#define USED __attribute__((unused))

`;

export const mainSource = String.raw`/* ---- Beginning and end. ---- */

static char private_directory[64];
static pid_t controller;
static pid_t running; /* the controller of the scenario that runs now, where all run */

static const char *directory(void) { return private_directory; }

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

/* Signals that ask a program to end; SIGPIPE: nobody reads any more. */
static const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

/* Whatever happens: no process and no file stays behind. */
static void clean_up(void) {
  if (getpid() != controller) return;
  /* Whoever is asked twice to end cleans up all the same. */
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) signal(endings[i], SIG_IGN);
  if (running > 0) kill(running, SIGTERM);
  for (int i = 0; i < member_count; i++)
    if (members[i].pid > 0 && members[i].process == i) kill(members[i].pid, SIGKILL);
  /* One that Linux holds fast is left behind. */
  for (int tries = 0; tries < 5000; tries++) {
    pid_t ended = waitpid(-1, NULL, WNOHANG);
    if (ended == 0) usleep(1000);
    else if (ended < 0 && errno != EINTR) break;
  }
  undo_pool();
  remove_groups();
  if (private_directory[0]) nftw(private_directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void interrupted(int signal_number) { exit(128 + signal_number); }

static void make_directory(const char *name) {
  char path[96];
  snprintf(path, sizeof path, "%s/%s", private_directory, name);
  if (mkdir(path, 0777)) die("%s: %s", path, strerror(errno));
}

/* Addresses as without randomisation, no huge pages, and a C library that leaves the kernel no pointer into itself. */
static void start_again(char **argv) {
  if (getenv("MSHARE_STAGE")) return;
  struct rlimit stack;
  personality((unsigned long)personality(0xffffffff) | ADDR_NO_RANDOMIZE);
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  if (getrlimit(RLIMIT_STACK, &stack) == 0) {
    stack.rlim_cur = 8UL << 20;
    setrlimit(RLIMIT_STACK, &stack);
  }
  setenv("MSHARE_STAGE", "1", 1);
  setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
  execv("/proc/self/exe", argv);
  die("exec: %s", strerror(errno));
}

/* One CPU for all: what Linux keeps for each CPU, such as batches of new pages, is then the same for all. */
static void stay_on_this_cpu(void) {
  cpu_set_t one;
  int cpu = sched_getcpu();
  CPU_ZERO(&one);
  CPU_SET((size_t)(cpu < 0 ? 0 : cpu), &one);
  sched_setaffinity(0, sizeof one, &one);
}

static void lift_limits(void) {
  static const int limits[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_STACK};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)limits[i], &limit)) continue;
    limit.rlim_cur = limit.rlim_max;
    setrlimit((__rlimit_resource_t)limits[i], &limit);
  }
}

static void map_area(void) {
  void *area = mmap((void *)AREA, AREA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
  if (area != (void *)AREA) die("0x%lx is not free for this program's own memory", AREA);
  memcpy(area, agent_begin, (size_t)(agent_end - agent_begin));
}

static void print_text(const char *name, const char *text) {
  printf("\"%s\":\"", name);
  for (; *text && *text != '\n'; text++)
    if (*text != '"' && *text != '\\') putchar(*text);
  printf("\",");
}

/* Whether a thread of DAMON looks at pages, and so changes what is seen of their use. */
static int is_aged(void) {
  int found = 0;
  DIR *all = opendir("/proc");
  for (struct dirent *entry; all && !found && (entry = readdir(all));) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') found = !strncmp(file_text(path), "kdamond", 7);
  }
  if (all) closedir(all);
  return found;
}

static int aged;

static void print_machine(void) {
  struct utsname name;
  uname(&name);
  printf("{");
  print_text("kernel", name.release);
  print_text("thp", file_text("/sys/kernel/mm/transparent_hugepage/enabled"));
  print_text("overcommit", file_text("/proc/sys/vm/overcommit_memory"));
  char *meminfo = file_text("/proc/meminfo");
  printf("\"memory\":%lu,\"swap\":%lu,", line_value(meminfo, "MemTotal") * 1024, line_value(meminfo, "SwapTotal") * 1024);
  printf("\"hugepages\":%ld,", pool_size());
  int page_cluster = atoi(file_text("/proc/sys/vm/page-cluster"));
  printf("\"readsAhead\":%s,\"pageCluster\":%d,\"swapDevice\":\"%s\",", page_cluster > 0 ? "true" : "false", page_cluster, swap_device());
  printf("\"cpus\":%ld,\"root\":%s,", sysconf(_SC_NPROCESSORS_ONLN), geteuid() == 0 ? "true" : "false");
  printf("\"ages\":%s,", aged ? "true" : "false");
  printf("\"randomized\":%s,", personality(0xffffffff) & ADDR_NO_RANDOMIZE ? "false" : "true");
}

static void usage(const char *name) {
  fprintf(stderr, "usage: %s [NUMBER|all|machine] [quick] [without=NUMBER]…\nRuns scenario NUMBER (of %d, from 0; all: one after the other but\n"
                  "those that are left out, each followed by a line with ===, its number and status; machine: none) and prints\n"
                  "what came of it as JSON; quick: without counters of the whole machine.\n", name, SCENARIOS);
  exit(2);
}

static int run_one(int quick) {
  controller = getpid();
  if (!quick) keep_output();
  members = casts[scenario];
  member_count = cast_sizes[scenario];
  variables = calloc((size_t)member_count, sizeof *variables);
  is_set = calloc((size_t)member_count, sizeof *is_set);
  if (!variables || !is_set) die("no memory");
  snprintf(private_directory, sizeof private_directory, "/dev/shm/mshare-%d", (int)getpid());
  if (mkdir(private_directory, 0700)) die("%s: %s", private_directory, strerror(errno));
  make_directory("shm");
  make_directory("tmp");
  stay_on_this_cpu();
  map_area();
  set_up_pool(pools[scenario]);
  if (uses_groups[scenario]) set_up_groups();
  print_machine();
  start_members();
  int64_t before[MACHINE_LINES];
  if (!quick) make_present();
  int known = !quick && read_machine(before);
  printf("\"statements\":[");
  run_scenario();
  full_observations = 1;
  printf("],\n\"end\":{");
  if (!over) observe();
  printf("},\n\"machineWide\":");
  print_machine_growth(before, known);
  printf(",\n\"contents\":");
  if (observation_budget < 0 || over) printf("null");
  else print_contents();
  printf(",\n\"groups\":");
  print_groups();
  printf(",\"swapAtEnd\":%lu,\"frames\":%s,\"scan\":%s,\"full\":%s}\n",
         line_value(file_text("/proc/meminfo"), "SwapTotal") * 1024, frames_visible ? "true" : "false", can_scan ? "true" : "false",
         observation_budget < 0 ? "false" : "true");
  return 0;
}

static char left_out[SCENARIOS];

/* Each scenario in a controller of its own; what one of them has to complain about stands where its JSON would end. */
static int run_all(int quick) {
  for (scenario = 0; scenario < SCENARIOS; scenario++) {
    int status = 0;
    if (left_out[scenario]) continue;
    fflush(stdout);
    running = fork();
    if (running < 0) die("fork: %s", strerror(errno));
    if (running == 0) {
      dup2(1, 2);
      exit(run_one(quick));
    }
    while (waitpid(running, &status, 0) < 0)
      if (errno != EINTR) die("wait: %s", strerror(errno));
    running = 0;
    printf("\n=== %d %d\n", scenario, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  return 0;
}

int main(int argc, char **argv) {
  int quick = 0, all = 0, none = 0;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "quick")) quick = 1;
    else if (!strcmp(argv[i], "all")) all = 1;
    else if (!strcmp(argv[i], "machine")) none = 1;
    else if (!strncmp(argv[i], "without=", 8) && atoi(argv[i] + 8) >= 0 && atoi(argv[i] + 8) < SCENARIOS) left_out[atoi(argv[i] + 8)] = 1;
    else if (argv[i][0] >= '0' && argv[i][0] <= '9') scenario = atoi(argv[i]);
    else usage(argv[0]);
  }
  if (scenario < 0 || scenario >= SCENARIOS) usage(argv[0]);
  start_again(argv);
  controller = getpid();
  atexit(clean_up);
  for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) signal(endings[i], interrupted);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  umask(022);
  lift_limits();
  aged = is_aged();
  if (none) {
    set_up_pool(0);
    print_machine();
    printf("\"statements\":[],\"end\":{},\"machineWide\":null,\"contents\":null,\"groups\":null,\"swapAtEnd\":0,\"frames\":true,\"scan\":true,\"full\":true}\n");
    return 0;
  }
  return all ? run_all(quick) : run_one(quick);
}
`;
