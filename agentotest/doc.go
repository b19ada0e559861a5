// Package agentotest is a fake Agento service for tests, as net/http/httptest is for
// HTTP: it listens on loopback, has every operation of the API that the SDK knows, and
// keeps its state in memory. It has no model and no containers; its agents reply to
// every message with the same few words, which say so.
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
// Keys and scopes, the rate limit, validation, plan limits and the error codes are
// those of the service, checked in its order: key (401), scope (403), rate limit (429),
// then the operation. Where the wire form is not documented the fake does what the SDK
// expects; a test that passes against it does not prove that the service does the same.
//
// [Service.Requests] returns the requests that arrived, methods such as [Service.Agent]
// return the state, and [Service.Next] scripts what happens next: failures before or
// after an operation has taken effect, delays, slow and interrupted responses, and any
// response written byte by byte. Of requests, and of each agent's messages and log
// lines, the service keeps the newest 10,000.
//
// With [WithInMemory] the server uses no sockets, so that a test can run it in a bubble
// of testing/synctest, where its delays take no time. [New] returns the http.Handler
// alone. For mocks of code that returns streams, see [ChatStream] and [LogStream].
//
// Functions that prepare a test panic if an ID or an operation does not exist.
package agentotest
