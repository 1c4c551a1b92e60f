// Bodies as they come compressed: any bytes, and what was compressed rightly and then damaged at a place that the input
// chooses. The cap and the budget hold, the padding is there, and a finished result equals what was compressed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/byte_budget.h"
#include "intake/diagnostics.h"
#include "intake/gif.h"
#include "intake/gzip_fake.h"
#include "intake/inflate.h"

namespace {

constexpr std::uint64_t kMaxBytes = 64 << 10, kBudget = 96 << 10;

void read_all(sluice::intake::Inflater& inflater) {
  const std::string_view body = inflater.body();
  SLUICE_CHECK(body.size() <= kMaxBytes, "the cap holds");
  unsigned sum = 0;
  for (std::size_t i = 0; i < body.size() + 64; ++i) sum += static_cast<unsigned char>(body.data()[i]);
  volatile unsigned used = sum;
  (void)used;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  sluice::http::ByteBudget budget(kBudget);
  {
    sluice::intake::Inflater inflater(budget, kMaxBytes);
    const std::string_view text(reinterpret_cast<const char*>(data) + 4, size - 4);
    using Outcome = sluice::intake::Inflater::Outcome;
    if (inflater.inflate(text) == Outcome::done) read_all(inflater);

    // Two members, whole; then with one byte changed or the end cut off.
    const std::size_t half = text.size() / 2;
    std::string packed = sluice::intake::gzip(text.substr(0, half)) + sluice::intake::gzip(text.substr(half));
    SLUICE_CHECK(inflater.inflate(packed) == Outcome::done && inflater.body() == text, "it comes back as it was");
    read_all(inflater);
    const std::size_t place = (data[0] + 256u * data[1]) % packed.size();
    if (data[2] == 0)
      packed.resize(place);
    else
      packed[place] = static_cast<char>(packed[place] ^ data[2]);
    const Outcome damaged = inflater.inflate(packed);
    // Header fields that say nothing of the content (time, system) may differ. A stream cut between its members is one.
    if (damaged == Outcome::done) {
      read_all(inflater);
      SLUICE_CHECK(inflater.body() == text || inflater.body() == text.substr(0, half), "a checksum tells what changed");
    }

    if (const auto picture = sluice::intake::gif_payload(text)) (void)inflater.take(*picture);
    (void)sluice::intake::read_diagnostic(text);
    (void)sluice::intake::sdk_label(text);
    inflater.release();
  }
  SLUICE_CHECK(budget.used() == 0, "everything is given back");
  return 0;
}
