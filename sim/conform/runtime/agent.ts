// The part of an exported program that every process of the scenario is: a page of machine code and a slot of shared
// memory, at an address of its own. All else is unmapped before the first statement, so that the process is as empty as
// the scenario says. It uses no stack of the scenario and no library, and takes no fault of its own.
export const agentSource = String.raw`/* ---- The agent: what a process of the scenario consists of besides what the scenario makes. ---- */

#define SLOT_BYTES 0x10000UL
/* In a slot: the structure, then room for strings and buffers, then a stack for signal handlers. */
#define ROOM_AT 0x1000UL
#define ROOM_BYTES 0x7000UL
#define TASK_END 0x7ffffffff000UL

enum { TURN_CONTROLLER = 0, TURN_AGENT = 1 };
enum { OP_SYSCALL = 0, OP_LOAD = 1, OP_STORE = 2, OP_EXEC = 3, OP_TOUCH = 4, OP_SPAWN = 5 };

struct slot {
  uint32_t turn; /* a futex: who has something to do */
  uint32_t op;
  uint64_t nr;
  uint64_t arg[6];
  int64_t result;
  uint64_t signal;
  uint64_t child;    /* the slot of a new process or thread */
  uint64_t accessed; /* pages that a touch has reached */
  uint64_t clear[4]; /* two ranges to unmap at the start */
  uint64_t own, own_pages; /* what a new process or thread makes present */
};

extern const char agent_begin[], agent_entry[], agent_handler[], agent_restore[], agent_end[];

/* r15 is the slot's address throughout. Offsets are those of struct slot. */
__asm__(
    ".pushsection .text\n"
    ".globl agent_begin, agent_entry, agent_handler, agent_restore, agent_end\n"
    "agent_begin:\n"
    "agent_entry:\n"
    "  mov 96(%r15), %rdi\n"
    "  mov 104(%r15), %rsi\n"
    "  mov $11, %eax\n" /* munmap */
    "  syscall\n"
    "  mov 112(%r15), %rdi\n"
    "  mov 120(%r15), %rsi\n"
    "  mov $11, %eax\n"
    "  syscall\n"
    "1:\n" /* a new process or thread starts here */
    "  lea 0xff00(%r15), %rsp\n"
    "  mov 128(%r15), %rax\n"
    "  mov 136(%r15), %rcx\n"
    "2:\n"
    "  lock orq $0, 512(%rax)\n"
    "  add $4096, %rax\n"
    "  dec %ecx\n"
    "  jnz 2b\n"
    "3:\n" /* done: the controller's turn */
    "  movl $0, (%r15)\n"
    "  mov $202, %eax\n" /* futex wake */
    "  mov %r15, %rdi\n"
    "  mov $1, %esi\n"
    "  mov $1, %edx\n"
    "  syscall\n"
    "4:\n"
    "  cmpl $1, (%r15)\n"
    "  je 5f\n"
    "  mov $202, %eax\n" /* futex wait while it is 0 */
    "  mov %r15, %rdi\n"
    "  xor %esi, %esi\n"
    "  xor %edx, %edx\n"
    "  xor %r10d, %r10d\n"
    "  syscall\n"
    "  jmp 4b\n"
    "5:\n"
    "  lea 0xff00(%r15), %rsp\n"
    "  movq $0, 72(%r15)\n"
    "  movq $0, 88(%r15)\n"
    "  mov 4(%r15), %eax\n"
    "  cmp $1, %eax\n"
    "  je 10f\n"
    "  cmp $2, %eax\n"
    "  je 20f\n"
    "  cmp $3, %eax\n"
    "  je 30f\n"
    "  cmp $4, %eax\n"
    "  je 40f\n"
    "  mov 16(%r15), %rdi\n" /* a system call */
    "  mov 24(%r15), %rsi\n"
    "  mov 32(%r15), %rdx\n"
    "  mov 40(%r15), %r10\n"
    "  mov 48(%r15), %r8\n"
    "  mov 56(%r15), %r9\n"
    "  mov 8(%r15), %rax\n"
    "  syscall\n"
    "  cmpl $5, 4(%r15)\n"
    "  jne 6f\n"
    "  test %rax, %rax\n"
    "  jnz 6f\n"
    "  mov 80(%r15), %r15\n" /* the new one goes to its own slot */
    "  jmp 1b\n"
    "6:\n"
    "  mov %rax, 64(%r15)\n"
    "  jmp 3b\n"
    "10:\n" /* load */
    "  mov 16(%r15), %rdi\n"
    "  mov (%rdi), %rax\n"
    "  jmp 6b\n"
    "20:\n" /* store */
    "  mov 16(%r15), %rdi\n"
    "  mov 24(%r15), %rax\n"
    "  mov %rax, (%rdi)\n"
    "  jmp 6b\n"
    "30:\n" /* one instruction there, with a trap behind it; every register points to memory that may be written */
    "  mov %ss, %eax\n"
    "  push %rax\n"
    "  lea 0xff00(%r15), %rax\n"
    "  push %rax\n"
    "  pushfq\n"
    "  orq $0x100, (%rsp)\n"
    "  mov %cs, %eax\n"
    "  push %rax\n"
    "  pushq 16(%r15)\n"
    "  lea 512(%r15), %rax\n"
    "  mov %rax, %rbx\n"
    "  mov %rax, %rcx\n"
    "  mov %rax, %rdx\n"
    "  mov %rax, %rsi\n"
    "  mov %rax, %rdi\n"
    "  mov %rax, %rbp\n"
    "  iretq\n"
    "40:\n" /* one access a page: address, pages, whether it writes */
    "  mov 16(%r15), %rdi\n"
    "  mov 24(%r15), %rcx\n"
    "41:\n"
    "  cmp %rcx, 88(%r15)\n"
    "  jae 44f\n"
    "  cmpq $0, 32(%r15)\n"
    "  jne 42f\n"
    "  mov (%rdi), %rax\n"
    "  jmp 43f\n"
    "42:\n"
    "  movq $1, (%rdi)\n"
    "43:\n"
    "  incq 88(%r15)\n"
    "  add $4096, %rdi\n"
    "  jmp 41b\n"
    "44:\n"
    "  mov %rcx, %rax\n"
    "  jmp 6b\n"
    "agent_handler:\n" /* the access is over: on to "done", without single steps */
    "  mov %rdi, 72(%r15)\n"
    "  lea 3b(%rip), %rax\n"
    "  mov %rax, 168(%rdx)\n"
    "  andq $~0x100, 176(%rdx)\n"
    "  ret\n"
    "agent_restore:\n"
    "  mov $15, %eax\n" /* rt_sigreturn */
    "  syscall\n"
    "agent_end:\n"
    ".popsection\n");

struct kernel_sigaction {
  uint64_t handler, flags, restorer, mask;
};

static uint64_t agent_address(const char *part) { return AREA + (uint64_t)(part - agent_begin); }

static struct slot *slot_of(int who) { return (struct slot *)(AREA + (uint64_t)(who + 1) * SLOT_BYTES); }

/* Few processes have all slots present, so that mlockall finds nothing to bring in; many only their own. */
static int has_whole_area(void) { return AREA_BYTES <= 2UL << 20; }

static void prepare_slot(int who) {
  struct slot *slot = slot_of(who);
  slot->own = has_whole_area() ? AREA : (uint64_t)slot;
  slot->own_pages = (has_whole_area() ? AREA_BYTES : SLOT_BYTES) / 4096;
  slot->turn = TURN_AGENT;
}

/* Signals that an access can raise end the access, not the process. */
static void catch_signals(void) {
  static const int signals[] = {SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE};
  struct kernel_sigaction action = {agent_address(agent_handler), SA_SIGINFO | SA_NODEFER | 0x04000000,
                                    agent_address(agent_restore), 0};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
    syscall(SYS_rt_sigaction, signals[i], &action, NULL, 8);
}

/* In the new process: gives up everything but the agent. Does not return. */
static void become_agent(int who) {
  struct slot *slot = slot_of(who);
  uint64_t end = AREA + AREA_BYTES;
  slot->clear[0] = 0;
  slot->clear[1] = AREA;
  slot->clear[2] = end;
  slot->clear[3] = TASK_END - end;
  catch_signals();
  /* Who steps it may be killed. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  syscall(SYS_close_range, 3U, ~0U, 0U);
  /* What this process's library told the kernel to look at when it ends is not there any more. */
  syscall(SYS_set_robust_list, NULL, 24);
  syscall(SYS_set_tid_address, NULL);
  __asm__ volatile("mov %0, %%r15\n jmp *%1\n" : : "r"(slot), "r"(agent_address(agent_entry)) : "r15", "memory");
  __builtin_unreachable();
}

`;
