// Package agentotest provides a fake Agento service for tests. A [Server] listens on
// loopback, implements every API operation that the SDK knows, and keeps its state in
// memory. It runs no models and no containers: by default an agent replies that it is a
// test double and repeats the message.
//
//	func TestGreeting(t *testing.T) {
//		server := agentotest.NewServer()
//		defer server.Close()
//		agent := server.AddAgent(agentotest.AgentSeed{Name: "Support"})
//
//		reply, err := greet(context.Background(), server.Client(), agent) // the code under test
//		if err != nil || !strings.Contains(reply, "test double") {
//			t.Fatalf("got %q, %v", reply, err)
//		}
//		if n := len(server.Requests()); n != 1 {
//			t.Errorf("%d requests, want 1", n)
//		}
//	}
//
// The fake uses the error codes of the service and checks a request in the same order:
// key (401), scope (403), rate limit (429), then the operation with its validation and
// plan limits. Where the wire format is not documented, the fake does what the SDK
// expects. A test that passes does not prove that the service behaves the same.
//
// [Service.Requests] returns the requests that arrived. Methods such as [Service.Agent]
// return the state. [Service.Next] scripts faults: failures before or after an
// operation takes effect, delays, slow and interrupted responses, and raw responses.
// The service keeps the newest 10,000 requests, and for each agent the newest 10,000
// messages and log lines.
//
// With [WithInMemory] the server uses no sockets, so a test can run it in a
// testing/synctest bubble, where delays take no time. [New] returns only the
// http.Handler. To mock code that returns streams, see [ChatStream] and [LogStream].
//
// Functions that set up a test panic if an ID or an operation does not exist.
package agentotest
