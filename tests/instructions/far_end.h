// Kinesis, as far as a data path needs it: every record is taken, and the answer says so as AWS does. Its work is not
// counted; that of whoever reads the answer is. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http_client/http_transport.h"

namespace sluice::instructions {

class FarEnd final : public http_client::HttpTransport {
 public:
  void send(http_client::HttpRequest request, std::function<void(http_client::HttpResponse)> done) override;
  // Answers what waits. False: nothing does.
  bool answer();
  std::uint64_t records() const { return records_; }
  std::uint64_t calls() const { return calls_; }

 private:
  struct Waiting {
    http_client::HttpResponse response;
    std::function<void(http_client::HttpResponse)> done;
  };
  std::string put_records(std::string_view body);

  std::vector<Waiting> waiting_;
  std::uint64_t records_ = 0, calls_ = 0;
};

}  // namespace sluice::instructions
