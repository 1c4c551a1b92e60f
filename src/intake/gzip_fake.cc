#include "intake/gzip_fake.h"

#include <isa-l/igzip_lib.h>

#include <memory>

#include "base/check.h"

namespace sluice::intake {

std::string gzip(std::string_view text) {
  const auto stream = std::make_unique<isal_zstream>();
  isal_deflate_stateless_init(stream.get());
  // Stored blocks in the worst case, with their headers.
  std::string out(text.size() + text.size() / 1000 + 1024, '\0');
  stream->gzip_flag = IGZIP_GZIP;
  stream->end_of_stream = 1;
  stream->flush = NO_FLUSH;
  stream->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  stream->avail_in = static_cast<std::uint32_t>(text.size());
  stream->next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream->avail_out = static_cast<std::uint32_t>(out.size());
  SLUICE_CHECK(isal_deflate_stateless(stream.get()) == COMP_OK, "the buffer is large enough");
  out.resize(stream->total_out);
  return out;
}

}  // namespace sluice::intake
