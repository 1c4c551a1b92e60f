// SLUICE_CHECK(condition, "why it must hold"): for what only a bug of ours can break. It stays on in release builds: a
// process that stops loses nothing that was acknowledged, one that continues with broken state might.
#pragma once

namespace sluice {
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line) noexcept;
}

#define SLUICE_CHECK(condition, why)                               \
  do {                                                             \
    if (!(condition)) [[unlikely]]                                 \
      ::sluice::check_failed(#condition, why, __FILE__, __LINE__); \
  } while (false)
