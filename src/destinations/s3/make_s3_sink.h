// Builds a destination's sink with all that belongs to it: endpoint, credentials, uploader, spool. And what follows
// from its settings: the values that messages name, the role that is assumed.
#pragma once

#include <memory>
#include <string>

#include "aws/sts.h"
#include "catalog/snapshot.h"
#include "destinations/aws_access.h"
#include "destinations/kind.h"
#include "destinations/s3/object_request.h"
#include "destinations/s3/policies.h"
#include "destinations/s3/problems.h"
#include "destinations/s3/settings.h"
#include "export/sink.h"

namespace sluice::s3 {

// Why nothing is sent to what these settings name; empty: it may be.
std::string forbidden_endpoint(const S3Settings& settings, const http_client::OutboundPolicy* policy);
// A custom STS endpoint that may be called; else AWS's.
std::string allowed_sts_endpoint(const S3Settings& settings, const http_client::OutboundPolicy* policy);
// `endpoint` as s3_endpoint() gives it.
BucketFacts bucket_of(const S3Settings& settings, const std::string& endpoint);
DestinationFacts facts_of(const S3Settings& settings, const std::string& endpoint);
PolicyFacts policy_facts_of(const S3Settings& settings);
// What the role may do is cut down to the one prefix. Without an ARN: none is assumed.
aws::AssumeRole role_of(const catalog::Destination& destination);
// An error: what is stored from before gives no key that S3 takes.
Result<KeyTemplate> keys_of(const catalog::Destination& destination, const std::string& node);

// Never null: settings that cannot work give a sink that keeps all it is given and says what is wrong.
std::unique_ptr<exporting::Sink> make_s3_sink(const catalog::Destination& destination,
                                              const destinations::KindParts& parts, Notifier& notifier,
                                              const exporting::SinkUse& use);

}  // namespace sluice::s3
