// Package agentotest is a fake Agento service for tests, as net/http/httptest
// is for HTTP: it listens on loopback, has every operation of the API that the
// SDK knows, and keeps its state in memory. It has no model and no containers;
// its agents answer every message with the same few words, which say so.
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
// # What it does
//
// Keys and scopes, the rate limit, validation, plan limits and the error codes
// are those of the service, decided in its order: key (401), scope (403), rate
// limit (429), then the operation. Where the wire form is not documented the
// fake does what the SDK expects; that a test passes against it does not prove
// that the service does the same.
//
// # Seeing and scripting
//
// [Service.Requests] tells what came in, methods such as [Service.Agent] show
// the state, and [Service.Next] scripts what comes next: failures before or
// after an operation has taken effect, delays, cut connections, and any answer
// written byte by byte.
//
// Of requests, and of each agent's messages and log lines, it keeps the newest
// 10,000, so that it can serve a long run.
//
// # Virtual time
//
// With [WithInMemory] the server uses no sockets, so that a test can run it in
// a bubble of testing/synctest, where all of its delays cost no time. [New]
// gives the bare http.Handler for a server of one's own.
//
// # Misuse
//
// What prepares a test panics when it is given an id or an operation that does
// not exist, or an answer that cannot be sent: a test that went on would prove
// nothing.
package agentotest
