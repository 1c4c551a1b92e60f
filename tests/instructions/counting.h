// Whether callgrind counts: off at the start, on while Sluice's own code runs, off again where that calls what stands
// in for disk, network and threads. Outside of valgrind it does nothing. One thread.
#pragma once

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else  // read by tools that do not run it: tests/suites/instructions installs valgrind first
#define CALLGRIND_TOGGLE_COLLECT static_cast<void>(0)
#define CALLGRIND_DUMP_STATS_AT(name) static_cast<void>(name)
#define SLUICE_NO_CALLGRIND
#endif

namespace sluice::instructions {

class Counting {
 public:
  explicit Counting(bool on) : before_(counts_) { set(on); }
  ~Counting() { set(before_); }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;

  // Until then nothing is counted: payloads that only fill tables and buffers.
  static void begin() { enabled_ = true; }
  // What was counted since begin() goes into a file of callgrind's, under this name; nothing is counted any more.
  static void end(const char* name) {
    enabled_ = false;
    CALLGRIND_DUMP_STATS_AT(name);
  }

 private:
  static void set(bool on) {
    if (on == counts_) return;
    counts_ = on;
    if (enabled_) CALLGRIND_TOGGLE_COLLECT;
  }
  static inline bool counts_ = false, enabled_ = false;
  const bool before_;
};

}  // namespace sluice::instructions
