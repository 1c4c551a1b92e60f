// A data path with one Kinesis destination, in one thread: what a request's bytes set going is done when send()
// returns, the answers of Kinesis included. Every run does the same, instruction by instruction.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.h"
#include "aws/server_identity.h"
#include "base/clock.h"
#include "counted_workers.h"
#include "data_path/data_path.h"
#include "destinations/kind.h"
#include "far_end.h"
#include "http/byte_budget.h"
#include "http/server.h"
#include "uncounted_files.h"

namespace sluice::instructions {

inline constexpr const char* kSdkKey = "sdk-5ca1e000-0000-4000-8000-000000000001";

class CountedRun {
 public:
  // `encoding`: as a Kinesis destination's configuration has it.
  explicit CountedRun(const std::string& encoding);
  ~CountedRun();

  // One round: these requests come one behind the other before any worker steps, as under load, and are answered 202.
  // `round_us` of the clock pass.
  void send(const std::vector<std::string>& requests, std::int64_t round_us);
  // Until this number of events, counted from the beginning, is delivered.
  void deliver_all(std::uint64_t events);

  const ManualClock& clock() const { return clock_; }
  const FarEnd& far_end() const { return far_end_; }

 private:
  class Exchange;
  void settle();

  ManualClock clock_;
  CountedWorkers workers_{clock_};
  UncountedFiles files_;
  FarEnd far_end_;
  http::ByteBudget bodies_{96ull << 20};
  std::shared_ptr<aws::CredentialsCache> credentials_;
  std::unique_ptr<aws::ServerIdentity> identity_;
  std::unique_ptr<destinations::KindList> kinds_;
  std::unique_ptr<destinations::KindParts> parts_;
  std::unique_ptr<data_path::DataPath> data_path_;
  std::unique_ptr<http::HttpHandler> handler_;
  std::uint64_t answered_ = 0;
};

}  // namespace sluice::instructions
