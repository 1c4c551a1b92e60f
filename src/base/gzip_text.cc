#include "base/gzip_text.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/check.h"

namespace sluice {

std::string gzip_text(std::string_view text) {
  SLUICE_CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max(), "callers bound it far below");
  std::vector<std::uint8_t> level_buffer(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  // isal_zstream's input is not const, and not written to.
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<std::uint32_t>(text.size());
  std::string out(text.size() / 4 + 256, '\0');
  std::size_t written = 0;
  while (stream.internal_state.state != ZSTATE_END) {
    if (written == out.size()) out.resize(out.size() * 2);
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data() + written);
    stream.avail_out = static_cast<std::uint32_t>(
        std::min<std::size_t>(out.size() - written, std::numeric_limits<std::uint32_t>::max()));
    const std::uint32_t room = stream.avail_out;
    SLUICE_CHECK(isal_deflate(&stream) == COMP_OK, "the level and its buffer are fixed");
    written += room - stream.avail_out;
  }
  out.resize(written);
  return out;
}

}  // namespace sluice
