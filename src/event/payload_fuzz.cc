// Any bytes as a body: the reader must agree with the slow reference on whether it is JSON and on each event. The first
// byte chooses the schema.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "event/payload_reference_fake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string difference = sluice::event::compare_with_reference(body, 1 + data[0] % 4);
  if (difference.empty()) return 0;
  std::fprintf(stderr, "%s\n", difference.c_str());
  std::abort();
}
