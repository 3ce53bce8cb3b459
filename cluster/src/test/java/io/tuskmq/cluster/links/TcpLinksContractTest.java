package io.tuskmq.cluster.links;

class TcpLinksContractTest extends LinksContract {
    @Override
    LinksFixture fixture() {
        return new TcpFixture();
    }
}
