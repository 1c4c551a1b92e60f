// Drives LaunchDarkly's Go server SDK through the steps on standard input, or holds a session (session.go).
package main

import (
	"encoding/json"
	"log"
	"os"
	"time"

	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	"github.com/launchdarkly/go-sdk-common/v3/ldlog"
	"github.com/launchdarkly/go-sdk-common/v3/ldvalue"
	ld "github.com/launchdarkly/go-server-sdk/v7"
	"github.com/launchdarkly/go-server-sdk/v7/interfaces"
	"github.com/launchdarkly/go-server-sdk/v7/ldcomponents"
)

type step struct {
	Do, Flag, Event, Context string
	Default, Data            ldvalue.Value
	Metric                   *float64
}

type told struct {
	SDKKey    string `json:"sdkKey"`
	FlagsURI  string `json:"flagsUri"`
	IntakeURI string `json:"intakeUri"`
	Session   bool   `json:"session"`
	// Whether flags are asked for by the second protocol of flag delivery.
	SecondProtocol bool `json:"secondProtocol"`
	Scenario       struct {
		PrivateAttributes []string
		Contexts          map[string]ldcontext.Context
		Steps             []step
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func take(client *ld.LDClient, context ldcontext.Context, s step) error {
	var err error
	switch s.Do {
	case "identify":
		return client.Identify(context)
	case "variation":
		_, err = client.JSONVariation(s.Flag, context, s.Default)
	case "detail":
		_, _, err = client.JSONVariationDetail(s.Flag, context, s.Default)
	case "track":
		if s.Metric != nil {
			return client.TrackMetric(s.Event, context, *s.Metric, s.Data)
		}
		return client.TrackData(s.Event, context, s.Data)
	}
	return err
}

func main() {
	var t told
	in := json.NewDecoder(os.Stdin)
	must(in.Decode(&t))
	config := ld.Config{
		ServiceEndpoints: interfaces.ServiceEndpoints{Streaming: t.FlagsURI, Polling: t.FlagsURI, Events: t.IntakeURI},
		Events:           ldcomponents.SendEvents().FlushInterval(time.Hour).PrivateAttributes(t.Scenario.PrivateAttributes...),
		Logging:          ldcomponents.Logging().MinLevel(ldlog.Error),
	}
	if t.SecondProtocol {
		config.DataSystem = ldcomponents.DataSystem().WithRelayProxyEndpoints(t.FlagsURI).Default()
	}
	client, err := ld.MakeCustomClient(t.SDKKey, config, 10*time.Second)
	must(err)
	if t.Session {
		session(client, in)
	}
	for _, s := range t.Scenario.Steps {
		must(take(client, t.Scenario.Contexts[s.Context], s))
	}
	client.Flush()
	must(client.Close())
}
