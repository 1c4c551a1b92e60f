#include "destinations/kinesis/record_data.h"

#include <cstring>

#include "destinations/kinesis/kpl_record.h"

namespace sluice::kinesis {

std::size_t RecordData::size(const framing::Record& record, std::string_view partition_key, HashKey hash_key) const {
  if (encoding_ == framing::Encoding::kpl) return kpl_size(record, partition_key, hash_key);
  return record.data.empty() ? framing::lines_size(record) : record.data.size();
}

char* RecordData::write(const framing::Record& record, std::string_view partition_key, HashKey hash_key,
                        char* out) const {
  if (encoding_ == framing::Encoding::kpl) return write_kpl(out, record, partition_key, hash_key);
  if (record.data.empty()) return framing::write_lines(record, out);
  std::memcpy(out, record.data.data(), record.data.size());
  return out + record.data.size();
}

}  // namespace sluice::kinesis
