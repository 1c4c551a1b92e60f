// LaunchDarkly's event service, as far as a tee sees it: takes payloads of an environment, knows each by its id, and
// refuses what is too large or what it never takes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "service.h"

namespace sluice::simulation {

class EventService final : public Service {
 public:
  explicit EventService(std::uint64_t seed);

  http_client::HttpResponse answer(const http_client::HttpRequest& request, Signature signature) override;
  http_client::HttpResponse wrong_answer() override { return plain_answer(502, "<html>Bad Gateway</html>"); }

  // Of payloads that came whole, by number: their bodies, which are the same whenever one comes.
  const std::map<std::uint64_t, std::string>& bodies() const { return bodies_; }
  // Of payloads that came in parts, by the parts' ids.
  const std::map<std::string, std::string>& parts() const { return parts_; }
  // Keys that payloads came under.
  const std::set<std::string>& credentials() const { return credentials_; }
  std::uint64_t divided() const { return divided_; }

 private:
  http_client::HttpResponse too_large(std::uint64_t number, const http_client::HttpRequest& request);
  http_client::HttpResponse refuse(std::uint64_t number);
  void note_denial(const http_client::HttpRequest& request);
  void take(const std::string& id, std::uint64_t number, const std::string& body);
  void take_part(const std::string& id, const std::string& body);
  std::uint64_t number_of_part(const std::string& body) const;

  std::size_t most_bytes_;  // of a body
  std::map<std::uint64_t, std::string> bodies_;
  std::map<std::string, std::string> parts_;
  std::set<std::string> credentials_;
  std::map<std::uint64_t, int> denials_;                            // by payload: 401, 403 and such
  std::map<std::uint64_t, std::uint64_t> number_of_mark_;           // of payloads that were too large
  std::map<std::uint64_t, std::set<std::uint64_t>> marks_to_come_;  // of them, by number
  std::uint64_t divided_ = 0;
};

}  // namespace sluice::simulation
