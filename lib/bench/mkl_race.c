/* MKL 2024.2's mkl_vml_serv_cpu_detect as it behaves on an Intel processor, only slower: what it stores first is the
   processor, what it stores then is the number of that processor's functions, and another thread may come in between. For
   first_bits.py, which puts it before MKL's own: what takes a start in twenty there then happens in every one. */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

int mkl_vml_serv_cpu_detect(void) {
  static volatile int type = -1;
  int avx512 = __builtin_cpu_supports("avx512f");
  if (type == -1) {
    struct timespec pause = {0, 20000000};
    type = avx512 ? 9 : 7;
    nanosleep(&pause, 0);
    type = avx512 ? 5 : 3;
    return type;
  }
  return type;
}
