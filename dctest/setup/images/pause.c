/* PID 1 of a pod: waits, buries children, ends when it is told to. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void bury(int signal) { while (waitpid(-1, 0, WNOHANG) > 0) {} }
static void end(int signal) { _exit(0); }

int main(void) {
  signal(SIGCHLD, bury);
  signal(SIGTERM, end);
  signal(SIGINT, end);
  for (;;) pause();
}
