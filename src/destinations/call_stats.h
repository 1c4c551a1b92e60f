// Counts calls for SinkStats.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "export/sink.h"

namespace sluice::destinations {

class CallStats {
 public:
  void sent(std::size_t records) {
    ++calls_;
    records_ += records;
  }
  void answered(std::int64_t us);
  void failed() { ++failed_; }
  void anomaly() { ++anomalies_; }
  // A record came to lie at the destination; `bytes` as sent.
  void delivered(std::uint64_t bytes) {
    ++records_delivered_;
    bytes_delivered_ += bytes;
  }
  void again(std::string_view code, std::size_t records);
  void fill(exporting::SinkStats& stats) const;

 private:
  std::uint64_t calls_ = 0, failed_ = 0, records_ = 0, anomalies_ = 0;
  std::uint64_t records_delivered_ = 0, bytes_delivered_ = 0;
  std::uint64_t us_total_ = 0, us_max_ = 0;
  std::array<std::uint64_t, std::size(exporting::kCallBucketsUs)> histogram_{};
  std::map<std::string, std::uint64_t, std::less<>> again_;
};

}  // namespace sluice::destinations
