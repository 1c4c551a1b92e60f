// Where a process on AWS finds its credentials: instance metadata (IMDSv2) under /latest/, and the container endpoint
// of ECS and EKS Pod Identity under /v1/credentials and /v2/credentials/{id}.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "kinesim/request.h"
#include "kinesim/simulator.h"

namespace kinesim {

// Any thread.
class MetadataEndpoints {
 public:
  explicit MetadataEndpoints(Simulator& simulator) : simulator_(simulator) {}
  // Whether the path is one of theirs.
  static bool owns(std::string_view path);
  Answer serve(const Request& request);

 private:
  Answer serve_token(const Request& request);
  Answer serve_instance(const Request& request);
  Answer serve_container(const Request& request);
  bool token_valid(std::string_view token);
  SessionCredentials credentials(const Role& role, const std::string& session_name);

  Simulator& simulator_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t, std::less<>> tokens_;  // expiry by token
  std::map<std::string, SessionCredentials> sessions_;       // by role: renewed when half of their life is over
};

}  // namespace kinesim
