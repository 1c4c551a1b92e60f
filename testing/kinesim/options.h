// The command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "kinesim/simulator.h"

namespace kinesim {

struct Options {
  std::string listen = "127.0.0.1:4567";
  std::string tls_listen;  // empty: no TLS
  std::string tls_certificate, tls_key;
  std::string tls_dir = "kinesim-tls";
  std::string config;
  std::string data_dir;
  std::string ready_file;
  std::string ledger = "full";
  std::vector<std::string> buckets;  // name[:region]
  std::vector<std::string> ledger_id_fields = {"id"};
  std::uint64_t ledger_retain_mib = 256;
  std::vector<std::string> streams;     // name:shards[:maxRecordKiB]
  std::vector<std::string> identities;  // accessKey:secretKey[:arn]
  std::vector<std::string> roles;       // arn[,externalId[,trusted]]
  std::string external_id;              // of roles that name none
  std::string account;
  std::string region;
  unsigned threads = 1;
  bool no_rate_limits = false;
  bool no_verify = false;
  bool no_cbor = false;
  bool print_records = false;
};

// The identity that exists when none is given: demonstrations need no configuration.
constexpr const char* kDemoAccessKey = "AKIDKINESIMDEMO00001";
constexpr const char* kDemoSecretKey = "kinesim-demo-secret";

// Adds what the options say about streams, identities and roles.
sluice::Result<void> apply_options(const Options& options, Simulator& simulator);

}  // namespace kinesim
