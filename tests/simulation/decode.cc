#include "decode.h"

#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <zstd.h>

#include <charconv>
#include <memory>
#include <optional>

#include "base/check.h"
#include "text.h"

namespace sluice::simulation {
namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b", kZstdMagic = "\x28\xb5\x2f\xfd", kKplMagic = "\xf3\x89\x9a\xc2";
// More than any record's lines.
constexpr std::size_t kMostLinesBytes = 16u << 20;
constexpr std::size_t kMd5Bytes = 16;
constexpr std::size_t kChunkBytes = 64u << 10;

std::string gunzip(std::string_view data) {
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  state->crc_flag = ISAL_GZIP;                                                       // with its checksum
  state->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(data.data()));  // ISA-L only reads it
  state->avail_in = static_cast<std::uint32_t>(data.size());
  std::string out;
  while (state->block_state != ISAL_BLOCK_FINISH) {
    const std::size_t begin = out.size();
    out.resize(begin + kChunkBytes);
    state->next_out = reinterpret_cast<std::uint8_t*>(out.data() + begin);
    state->avail_out = kChunkBytes;
    SLUICE_CHECK(isal_inflate(state.get()) == ISAL_DECOMP_OK, "a record is gzip");
    SLUICE_CHECK(state->avail_out < kChunkBytes, "a record's gzip is not cut off");
    out.resize(out.size() - state->avail_out);
    SLUICE_CHECK(out.size() <= kMostLinesBytes, "a record's lines are bounded");
  }
  SLUICE_CHECK(state->avail_in == 0, "a record is one gzip member and nothing more");
  return out;
}

std::string unzstd(std::string_view data) {
  const unsigned long long bytes = ZSTD_getFrameContentSize(data.data(), data.size());
  SLUICE_CHECK(bytes <= kMostLinesBytes, "a zstd frame tells its size");
  std::string out(bytes, '\0');
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), data.data(), data.size());
  SLUICE_CHECK(!ZSTD_isError(got) && got == out.size(), "a record is one zstd frame");
  return out;
}

std::uint64_t read_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    SLUICE_CHECK(!bytes.empty() && shift < 64, "a number of the aggregated record ends");
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

std::string_view read_bytes(std::string_view& bytes) {
  const std::uint64_t size = read_varint(bytes);
  SLUICE_CHECK(size <= bytes.size(), "a field is inside of the aggregated record");
  const std::string_view field = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return field;
}

struct KplEvent {
  std::uint64_t partition_key = UINT64_MAX;
  std::optional<std::uint64_t> hash_key;
  std::string_view data;
};

KplEvent read_kpl_event(std::string_view bytes) {
  KplEvent event;
  while (!bytes.empty()) {
    switch (read_varint(bytes)) {
      case 1 << 3:
        event.partition_key = read_varint(bytes);
        break;
      case 2 << 3:
        event.hash_key = read_varint(bytes);
        break;
      case 3 << 3 | 2:
        event.data = read_bytes(bytes);
        break;
      default:
        SLUICE_CHECK(false, "an aggregated event has three fields");
    }
  }
  return event;
}

std::vector<std::string> lines_of_kpl(const kinesis::ScriptedKinesis::Record& record, const kinesis::Shard& shard) {
  std::string_view message = record.data;
  message.remove_prefix(kKplMagic.size());
  SLUICE_CHECK(message.size() > kMd5Bytes, "an aggregated record ends with an MD5");
  const std::string_view sum = message.substr(message.size() - kMd5Bytes);
  message.remove_suffix(kMd5Bytes);
  unsigned char digest[EVP_MAX_MD_SIZE];
  SLUICE_CHECK(EVP_Digest(message.data(), message.size(), digest, nullptr, EVP_md5(), nullptr) == 1,
               "MD5 takes any bytes");
  SLUICE_CHECK(sum == std::string_view(reinterpret_cast<const char*>(digest), kMd5Bytes), "the MD5 is the message's");
  std::vector<std::string> partition_keys, hash_keys, lines;
  while (!message.empty()) {
    switch (read_varint(message)) {
      case 1 << 3 | 2:
        partition_keys.emplace_back(read_bytes(message));
        break;
      case 2 << 3 | 2:
        hash_keys.emplace_back(read_bytes(message));
        break;
      case 3 << 3 | 2: {
        const KplEvent event = read_kpl_event(read_bytes(message));
        SLUICE_CHECK(
            event.partition_key < partition_keys.size() && partition_keys[event.partition_key] == record.partition_key,
            "an aggregated event has the partition key of the record that carries it");
        SLUICE_CHECK(event.hash_key && *event.hash_key < hash_keys.size(), "an aggregated event has a hash key");
        const auto hash_key = kinesis::parse_hash_key(hash_keys[*event.hash_key]);
        SLUICE_CHECK(hash_key && *hash_key >= shard.first && *hash_key <= shard.last,
                     "an aggregated event's hash key is in the shard that carries it");
        lines.emplace_back(event.data);
        break;
      }
      default:
        SLUICE_CHECK(false, "an aggregated record has three fields");
    }
  }
  return lines;
}

}  // namespace

Taken read_event(std::string_view line) {
  const std::string_view mark = between(line, "\"key\":\"m", "\"");
  const std::string_view id = between(line, "\"id\":\"", "\"");
  Taken taken{0, std::string(id)};
  const auto parsed = std::from_chars(mark.data(), mark.data() + mark.size(), taken.mark);
  SLUICE_CHECK(parsed.ec == std::errc() && id.size() == 24, "a record has the event's mark and an id");
  SLUICE_CHECK(line.ends_with("}\n"), "a record ends with a newline");
  return taken;
}

framing::Encoding encoding_of(std::string_view data) {
  if (data.starts_with(kGzipMagic)) return framing::Encoding::ndjson_gzip;
  if (data.starts_with(kZstdMagic)) return framing::Encoding::ndjson_zstd;
  if (data.starts_with(kKplMagic)) return framing::Encoding::kpl;
  return data.find('\n') + 1 < data.size() ? framing::Encoding::ndjson : framing::Encoding::json;
}

std::vector<std::string> lines_of(const kinesis::ScriptedKinesis::Record& record, const kinesis::Shard& shard) {
  std::string unpacked;
  std::string_view text = record.data;
  switch (encoding_of(record.data)) {
    case framing::Encoding::kpl:
      return lines_of_kpl(record, shard);
    case framing::Encoding::ndjson_gzip:
      text = unpacked = gunzip(record.data);
      break;
    case framing::Encoding::ndjson_zstd:
      text = unpacked = unzstd(record.data);
      break;
    default:
      break;
  }
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    SLUICE_CHECK(end != std::string_view::npos, "a record ends with a newline");
    lines.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace sluice::simulation
