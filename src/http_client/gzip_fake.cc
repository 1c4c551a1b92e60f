#include "http_client/gzip_fake.h"

#include <isa-l/igzip_lib.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <vector>

#include "base/check.h"

namespace sluice::http_client {

std::string gzipped(std::string_view text, std::size_t times) {
  std::string out(text.size() + times * (text.size() / 100) + 4096, '\0');
  std::vector<std::uint8_t> level(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.level = 1;
  stream.level_buf = level.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  for (std::size_t time = 1; time <= times; ++time) {
    stream.end_of_stream = time == times ? 1 : 0;
    stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<std::uint32_t>(text.size());
    SLUICE_CHECK(isal_deflate(&stream) == COMP_OK, "there is room for it");
  }
  out.resize(stream.total_out);
  return out;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace sluice::http_client
