// Package browser has tests of the chat widget of examples/chatwidget in a real
// browser: its program runs as it would for a user, before a fake service that
// the tests control, and everything that the browser gets passes a recorder. They
// need the program chromium; the file debian-packages names its package.
//
// TestLook leaves screenshots in the folder out, for a person to look at.
package browser
