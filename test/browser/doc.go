// Package browser tests the chat widget of examples/chatwidget in a real browser. The program
// runs as it does for a user, in front of a fake service that the tests control. A recorder
// between browser and program records everything that the browser receives. The tests need
// the program chromium; the file debian-packages names its package.
//
// TestLook writes screenshots to the directory out, for visual inspection.
package browser
