// Takes PutRecords calls over one connection of loopback and answers each immediately that all its records are stored:
// a far end that does as little as there can be. It runs in a thread of its own, whose work is not the sender's.
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"

namespace composite {

class Sink {
 public:
  // Empty `certificate` and `private_key` (PEM files): plain.
  static sluice::Result<std::unique_ptr<Sink>> start(const std::string& certificate, const std::string& private_key,
                                                     std::size_t records_a_call);
  ~Sink();
  std::uint16_t port() const { return port_; }

 private:
  Sink() = default;
  void serve();

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> tls_{nullptr, SSL_CTX_free};
  std::string answer_;
  std::thread thread_;
};

}  // namespace composite
